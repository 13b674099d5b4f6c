"""How the figures are made, in plain words and with their sources; what they cannot say; words."""

from __future__ import annotations

from core.language import phrase, t
from core.services.reports.blocks import Facts, Points, Section, Text

# (name, what it does in plain words, where it is from; sources are names and are not translated)
_METHODS = (
    (
        phrase("Chosen on one set of images, told on another"),
        phrase(
            "Models learn from training images. Which model, class map and threshold is taken is "
            "decided on validation images. Test images are looked at to report only, so no figure "
            "is high because it was picked."
        ),
        "T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2009, ch. 7",
    ),
    (
        phrase("Interval of an accuracy"),
        phrase(
            "With few images a share is uncertain. Wilson's interval holds the true one in 95 of "
            "100 cases."
        ),
        "E. B. Wilson, Probable inference, the law of succession, and statistical inference, 1927",
    ),
    (
        phrase("Gain of a step"),
        phrase(
            "Two models are compared on the same images: only those matter that one gets right and "
            "the other does not. The interval comes from drawing the images again and again "
            "(paired bootstrap); if it holds 0, the gain may be luck."
        ),
        "B. Efron, R. Tibshirani, An Introduction to the Bootstrap, 1993; A. Agresti, Y. Min, "
        "Simple improved confidence intervals for comparing matched proportions, 2005",
    ),
    (
        phrase("What fewer classes give by themselves"),
        phrase(
            "Merging any two classes turns the mistakes between them into right answers. Merging "
            "at random into groups of the same sizes joins each pair with one and the same "
            "probability; times the share of wrong answers this is what comes for free. It is "
            "taken off the measured gain, and the rest has an interval of its own."
        ),
        "P. H. Westfall, S. S. Young, Resampling-Based Multiple Testing, 1993",
    ),
    (
        phrase("Kappa"),
        phrase("How much of what guessing leaves open the answers get right: 0 is guessing, 1 is "
               "perfect. Merging a pair that is confused raises it as well, so it does not decide "
               "about a merge."),
        "J. Cohen, A coefficient of agreement for nominal scales, 1960",
    ),
    (
        phrase("Bits"),
        phrase(
            "How much one answer tells about the truth (mutual information). Merging can only "
            "lose some."
        ),
        "C. E. Shannon, A mathematical theory of communication, 1948",
    ),
    (
        phrase("ITCA"),
        phrase(
            "Every right answer counts by how rare its class is, so it is worth less the fewer "
            "classes there are. A merge pays only if ITCA rises."
        ),
        "C. Zhang et al., Information-theoretic classification accuracy, JMLR 23:341, 2022",
    ),
    (
        phrase("Agreement of reviewers"),
        phrase(
            "Krippendorff's alpha: how far people say the same beyond what chance gives. 0 is "
            "chance, 1 is full agreement."
        ),
        "K. Krippendorff, Content Analysis: An Introduction to Its Methodology, 2004",
    ),
    (
        phrase("Calibration"),
        phrase(
            "One number a model, fitted on validation images, makes its confidence mean what it "
            "says. The calibration error is how far confidence and share of right answers lie "
            "apart."
        ),
        "C. Guo et al., On calibration of modern neural networks, 2017",
    ),
    (
        phrase("Guarantee"),
        phrase(
            "A threshold above which at most so many answers are wrong, with a stated confidence: "
            "thresholds are tried in an order fixed by validation images, and each is tested by "
            "the binomial distribution on images set aside for it."
        ),
        "A. Angelopoulos et al., Learn then test, 2021; Y. Geifman, R. El-Yaniv, Selective "
        "classification for deep neural networks, 2017",
    ),
)  # fmt: skip
_LIMITS = (
    phrase(
        "Intervals are over images, not over trainings: the same recipe with another seed may "
        "come out a little different. Runs with several seeds are listed among the models."
    ),
    phrase(
        "Figures stand for images like these. Other cameras, seasons or places may give others."
    ),
    phrase(
        "Gains of steps depend on their order: a better algorithm may gain less once the labels "
        "are better."
    ),
    phrase(
        "What people settled is the best truth there is, and people err, too: see how far they "
        "agree."
    ),
    phrase(
        "Where images were picked for review because they looked hard, accuracies on them are "
        "lower than over all images; differences between models are measured on the same images."
    ),
    phrase(
        "Merging classes answers a coarser question. Whether that question is worth answering is "
        "a decision of people, not of a figure."
    ),
)
_WORDS = (
    (phrase("label"), phrase("What the folder or the file said the picture is; never rewritten.")),
    (phrase("label set"), phrase("One label for every image, made from reviews, with a version.")),
    (phrase("class"), phrase("What a model has to answer; one label, or several merged.")),
    (phrase("class map"), phrase("Which label belongs to which class; merging labels is one.")),
    (phrase("training, validation, test images"),
     phrase("Learn from the first, choose with the second, believe the third.")),
    (phrase("run"), phrase("One trained model, with everything needed to repeat it.")),
    (phrase("algorithm"), phrase("A way of learning, such as probe, cnn or prototypical.")),
    (phrase("seed"), phrase("The number that all chance of a training follows from.")),
    (phrase("accuracy"), phrase("Share of images answered rightly.")),
    (phrase("chance level"),
     phrase("Accuracy of guessing that knows only how frequent each class is.")),
    (phrase("confusion matrix"),
     phrase("Counts of images by true class (row) and answer (column).")),
    (phrase("confidence"), phrase("How sure a model says it is, after calibration.")),
    (phrase("generalist, expert"),
     phrase("A model over all classes; a model over a few that are confused.")),
    (phrase("cascade"), phrase("A generalist, its experts and a threshold: the tie-break.")),
    (phrase("threshold (tau)"), phrase("Below this confidence the expert is asked.")),
    (phrase("deferral rate"), phrase("Share of images that an expert is asked about.")),
    (phrase("recovered, broken"),
     phrase("Wrong answers that asking corrects; right ones that it spoils.")),
    (phrase("embedding"),
     phrase("A picture as a list of numbers in which alike pictures are near.")),
    (phrase("decision"),
     phrase("Who approved or declined what, when, why, and on which evidence.")),
    (phrase("stale"), phrase("Of a decision: what it rested on has changed since.")),
)  # fmt: skip


def sections() -> list[Section]:
    """Return methods, limits and the glossary."""
    rows = [
        (t(name), t("{what} Source: {source}.", what=t(what), source=source))
        for name, what, source in _METHODS
    ]
    return [
        Section("methods", t("How it was measured"), [Facts(rows)]),
        Section(
            "limits",
            t("What these figures cannot say"),
            [Points([t(limit) for limit in _LIMITS])],
        ),
        Section(
            "glossary",
            t("Glossary"),
            [Text(t("Every term means one thing.")), Facts([(t(a), t(b)) for a, b in _WORDS])],
        ),
    ]
