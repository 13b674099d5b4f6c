"""Pieces of single pages; what pages share is in `pages.ui`, which never imports from here.

=========  =========================================================================
Data set   import_form
Explore    explore_map, evidence, sweep_chart, label_splits
Classes    class_*
Review     review_*
Train      train_*
Compare    compare_*, coverage_chart, mistake_images, more_images_chart, reliability_chart
Cascade    cascade_*
Predict    predict_*
several    downloads
=========  =========================================================================
"""
