"""The model of languages: NumPy answers as scikit-learn would, and knows what people say."""

from pathlib import Path

import pytest

from app.models.text.features import Text
from app.models.text.grams import grams
from app.models.text.messages import LANGUAGES, read_messages
from app.models.text.model import WEIGHTS_FILE
from app.models.text.train import new_pipeline, texts_and_languages, train, weights
from tests.models.helpers import agree, converted, loaded, serves_well, trains_the_same

# nobody has translated these for Django
SAYINGS = {
    "English": "Where is the railway station, please?",
    "German": "Wo ist denn hier der Bahnhof, bitte?",
    "Spanish": "¿Dónde está la estación de tren, por favor?",
    "French": "Où est la gare, s'il vous plaît ?",
    "Italian": "Dov'è la stazione ferroviaria, per favore?",
    "Japanese": "駅はどこにありますか?",
    "Korean": "기차역이 어디에 있나요?",
    "Dutch": "Waar is het treinstation, alstublieft?",
    "Polish": "Gdzie jest dworzec kolejowy, proszę?",
    "Portuguese": "Onde fica a estação de trem, por favor?",
    "Turkish": "Tren istasyonu nerede acaba?",
    "Chinese": "请问火车站在哪里?",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a MODELS_DIR with the trained model."""
    folder = tmp_path_factory.mktemp("models")
    train(folder / "text")
    return folder


def test_it_serves_well(folder: Path) -> None:
    serves_well("text", folder)


def test_another_training_gives_the_same_version(folder: Path, tmp_path: Path) -> None:
    trains_the_same("text", folder, tmp_path)


def test_its_card_says_how_good_it_is(folder: Path) -> None:
    card = loaded("text", folder).card
    assert card.metrics["accuracy"] > 0.95
    assert card.labels == sorted({"English", *LANGUAGES.values()})


def test_it_knows_what_people_say(folder: Path) -> None:
    answers = loaded("text", folder).predict([Text(text=saying) for saying in SAYINGS.values()])
    right = [answer.label == language for answer, language in zip(answers, SAYINGS, strict=True)]
    assert sum(right) >= 11  # of twelve: it has learned from 250 messages of each


@pytest.mark.parametrize("text", [" ", "☃", "\U0001d538" * 2000, "\0", "a"])
def test_a_text_that_says_nothing_has_an_answer(folder: Path, text: str) -> None:
    (answer,) = loaded("text", folder).predict([Text(text=text)])
    assert sum(answer.probabilities.values()) == pytest.approx(1, abs=1e-4)


def test_grams_are_runs_of_letters_in_small_letters_and_single_spaces() -> None:
    assert grams("Ab") == [" ", "a", "b", " ", " a", "ab", "b ", " ab", "ab "]
    assert grams("a \n b") == grams("A b")


def test_messages_have_no_markup_and_are_in_each_language() -> None:
    messages = read_messages()
    assert len(messages) > 200
    for english, translations in messages.items():
        assert translations["English"] == english
        for text in translations.values():
            assert not {"%(", "</", "\n"} & {text[at : at + 2] for at in range(len(text))}
    for language in LANGUAGES.values():
        assert sum(language in found for found in messages.values()) > 0.8 * len(messages)


def test_numpy_answers_as_scikit_learn(tmp_path: Path) -> None:
    messages = [*read_messages().values()]
    pipeline = new_pipeline().fit(*texts_and_languages(messages[::2]))
    files = {WEIGHTS_FILE: weights(pipeline)}
    model = converted("text", tmp_path, files, pipeline.classes_)
    texts, _ = texts_and_languages(messages[1::2])  # with grams that it has never seen
    asked = [*texts[:997], "☃", " ", "Ж" * 2000]
    agree(model, [Text(text=text) for text in asked], pipeline.predict_proba(asked))
