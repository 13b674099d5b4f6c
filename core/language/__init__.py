"""What people read, in their language.

The code holds English; every other language is one file beside this one, `es.po` for Spanish, with
the English sentence as the key. `t` translates where a sentence is made; a sentence that is stored
is stored with its values (`keep`) and read back in the language of whoever looks (`say`).

>>> t("{share:.1%} of {n:,} images", share=0.743, n=1050)
'74.3 % of 1,050 images'
"""

from core.language.catalogues import SOURCE, languages
from core.language.sentences import (
    Sentence,
    ask_for_language,
    current,
    figure,
    in_all_languages,
    keep,
    phrase,
    say,
    speaking,
    t,
    tn,
)

__all__ = [
    "SOURCE",
    "Sentence",
    "ask_for_language",
    "current",
    "figure",
    "in_all_languages",
    "keep",
    "languages",
    "phrase",
    "say",
    "speaking",
    "t",
    "tn",
]
