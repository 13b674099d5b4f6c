"""What pages share; with the pages, the only Streamlit and Plotly code.

===============  ====================================================================
shell            `enter(title, lead)` at the top of every page; the frame that app.py runs
tour             the guided tour of the demo: one card a page
resources        the workspace, opened once a process
cached           readers of facts that never change, keyed by immutable ids
state            the only place that touches st.session_state
messages         `guard()`: an AppError becomes one sentence on screen
job_panel        progress, cancel, reason and retry of background jobs
gallery          thumbnails that can be clicked, page by page
matrix           confusion matrices and cross tables whose cells can be clicked
charts           arrays -> Plotly figures
scatter          the map of the embeddings: pan, zoom, lasso, pictures under the pointer
selection        what was marked on the map -> positions of images
names            what runs, class maps and cascades are called, also in addresses
meaning          what each figure means: the tooltips, said once
views            tabs that keep their place when the language changes
pickers          choose runs, classes, models; a link may name them by id
confusion_panel  a confusion matrix and the images of the chosen cell
===============  ====================================================================

Pieces of single pages are in `pages.parts`.
"""
