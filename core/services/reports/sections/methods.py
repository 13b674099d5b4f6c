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
            "classes there are. Where ITCA rises, a merge pays."
        ),
        "C. Zhang et al., Information-theoretic classification accuracy, JMLR 23:341, 2022",
    ),
    (
        phrase("Merge or not"),
        phrase(
            "Two classes may be merged if they are confused more than chance confuses any two (p "
            "is how often chance alone does as much), and if ITCA rises beyond its interval, or "
            "answers hardly tell the two apart (kappa within the pair at most 0.5) and ITCA does "
            "not clearly fall. They stay if ITCA clearly falls, if bits fall by more than noise, "
            "or if the two lie apart by their embeddings: another model could tell them apart. "
            "Otherwise there are not enough images to tell."
        ),
        "P. H. Westfall, S. S. Young, Resampling-Based Multiple Testing, 1993",
    ),
    (
        phrase("Cross-validation"),
        phrase(
            "The images are dealt into parts; for each, a model of the same recipe learns from the "
            "others and answers it. So every training and validation image is answered by a model "
            "that has not seen it, and a choice rests on more images. Test images take no part."
        ),
        "M. Stone, Cross-validatory choice and assessment of statistical predictions, 1974",
    ),
    (
        phrase("Map of the images"),
        phrase(
            "UMAP lays images out so that those alike stay neighbours; PCA shows the two "
            "directions in which they differ most."
        ),
        "L. McInnes et al., UMAP, 2018; K. Pearson, On lines and planes of closest fit, 1901",
    ),
    (
        phrase("Number of clusters"),
        phrase(
            "Embeddings are grouped by k-means into one cluster, two, and so on. Three criteria "
            "vote: the gap statistic (are images nearer to their centres than without structure?), "
            "BIC (does one more cluster explain more than it costs?) and stability (does each "
            "cluster come back when a part of the images is grouped again, a resample?). "
            "Silhouette (is the next cluster much farther than the own?) and PAC (do two images "
            "fall together now and then only?) favour few clusters and have no vote."
        ),
        "R. Tibshirani et al., 2001; C. Biernacki et al., 2000; C. Hennig, 2007; P. Rousseeuw, "
        "1987; Y. Șenbabaoğlu et al., 2014",
    ),
    (
        phrase("One label of many answers"),
        phrase(
            "Majority takes the label with most votes. Dawid-Skene learns how each reviewer "
            "confuses labels. CROWDLAB trusts each reviewer, and a model, as far as they agree "
            "with the rest."
        ),
        "A. P. Dawid, A. M. Skene, 1979; H. W. Goh et al., CROWDLAB, 2022",
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
            "the binomial distribution on calibration images: a part of the test images, set aside "
            "for it."
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
    (phrase("point"), phrase("Unit of a difference of shares: from 70 % to 75 % is 5 points.")),
    (phrase("95 % interval"),
     phrase("The true value lies inside in 95 of 100 cases; the fewer images, the wider.")),
    (phrase("settled by review"),
     phrase("People agree what an image shows, or somebody decided it.")),
    (phrase("cost of a mistake"),
     phrase("What it costs to treat an image of one label as another, entered by a person.")),
    (phrase("backbone"), phrase("A network trained on other pictures, which makes embeddings.")),
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
