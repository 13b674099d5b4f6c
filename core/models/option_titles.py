"""What the options of algorithms are called on screen, in phrases."""

from __future__ import annotations

from collections.abc import Mapping

from core.language import phrase

TITLES: Mapping[str, str] = {
    "epochs": phrase("Epochs"),
    "patience": phrase("Patience"),
    "learning_rate": phrase("Learning rate"),
    "l2": phrase("L2"),
    "balance": phrase("Balance"),
    "batch_size": phrase("Batch size"),
    "n_neighbours": phrase("N neighbours"),
    "sharpness": phrase("Sharpness"),
    "doubt_share": phrase("Doubt share"),
    "most_images": phrase("Most images"),
    "tuning_epochs": phrase("Tuning epochs"),
    "tuning_rate": phrase("Tuning rate"),
    "schedule": phrase("Schedule"),
    "weight_decay": phrase("Weight decay"),
    "dropout": phrase("Dropout"),
    "label_smoothing": phrase("Label smoothing"),
    "n_blocks": phrase("N blocks"),
    "input_px": phrase("Input px"),
    "width": phrase("Width"),
    "flip": phrase("Flip"),
    "rotation_deg": phrase("Rotation deg"),
    "shift_share": phrase("Shift share"),
    "contrast_share": phrase("Contrast share"),
    "width_share": phrase("Width share"),
    "dense_units": phrase("Dense units"),
    "batch_norm": phrase("Batch norm"),
    "n_episodes": phrase("N episodes"),
    "n_support": phrase("N support"),
    "filters": phrase("Filters"),
    "rotations": phrase("Rotations"),
    "n_way": phrase("N way"),
    "n_shot": phrase("N shot"),
    "n_query": phrase("N query"),
    "cosine": phrase("Cosine"),
    "cosine_scale": phrase("Cosine scale"),
    "full_context": phrase("Full context"),
    "context_steps": phrase("Context steps"),
    "n_images": phrase("N images"),
    "dim": phrase("Dim"),
    "n_each": phrase("N each"),
    "n_together": phrase("N together"),
    "n_slots": phrase("N slots"),
    "n_units": phrase("N units"),
}
