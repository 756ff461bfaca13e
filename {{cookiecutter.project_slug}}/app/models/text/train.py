"""Train the model, measure it, write its artefact: `python -m app.models train` calls `train`.

Messages are held out with all their translations, which have names and figures in common.
"""

import io
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import Pipeline, make_pipeline

from app.models.text.grams import grams
from app.models.text.messages import read_messages
from app.models.text.model import WEIGHTS_FILE
from app.serving.artefact import write_artefact
from app.serving.card import ModelCard, ModelFacts
from app.serving.training import shares

MOST_GRAMS = 10_000  # the most frequent ones

Translations = Sequence[dict[str, str]]


def train(folder: Path) -> ModelCard:
    """Train on three quarters of the messages, measure on the rest, write the artefact."""
    seen, held_out = train_test_split([*read_messages().values()], random_state=0)
    texts, languages = texts_and_languages(seen)
    pipeline = new_pipeline().fit(texts, languages)
    facts = ModelFacts(
        kind="Classification",
        metrics=measure(pipeline, *texts_and_languages(held_out)),
        answers=shares(languages),
        labels=[str(label) for label in pipeline.classes_],
        libraries={name: version(name) for name in ("scikit-learn", "django")},
    )
    return write_artefact(folder, {WEIGHTS_FILE: weights(pipeline)}, facts)


def new_pipeline() -> Pipeline:
    """Return the pipeline to train."""
    rarities = TfidfVectorizer(analyzer=grams, max_features=MOST_GRAMS)
    return make_pipeline(rarities, MultinomialNB(alpha=0.1))


def texts_and_languages(messages: Translations) -> tuple[list[str], list[str]]:
    """Return every translation of the messages, and the language of each."""
    found = [(text, language) for texts in messages for language, text in texts.items()]
    texts, languages = zip(*found, strict=True)
    return list(texts), list(languages)


def measure(pipeline: Pipeline, texts: list[str], languages: list[str]) -> dict[str, float]:
    """Measure how well the pipeline does on texts that it has not seen."""
    return {
        "accuracy": round(float(accuracy_score(languages, pipeline.predict(texts))), 4),
        "log_loss": round(float(log_loss(languages, pipeline.predict_proba(texts))), 4),
        "held_out_rows": float(len(texts)),
    }


def weights(pipeline: Pipeline) -> bytes:
    """Return what TextModel reads, as a NumPy file."""
    vectorizer, bayes = pipeline.named_steps.values()
    file = io.BytesIO()
    np.savez_compressed(
        file,
        grams=vectorizer.get_feature_names_out().astype(str),
        rarity=vectorizer.idf_.astype(np.float32),
        evidence=bayes.feature_log_prob_.T.astype(np.float32),
        prior=bayes.class_log_prior_.astype(np.float32),
    )
    return file.getvalue()
