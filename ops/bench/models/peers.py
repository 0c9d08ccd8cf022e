"""Peers of the triage model, measured in the same run: scikit-learn's TF-IDF with a linear SVM, and fastText.

    python peers.py --data FOLDER [--limit N] > peers.json

FOLDER holds train.csv.gz and validation.csv.gz (columns: id, message, original, genre, then 36 labels of 0, 1 or 2).
Any label above 0 counts as 1. Only `message` is read. Both peers train on train and are judged once on validation.
Every choice of a setting is made by cross-validation on train. Scores follow scikit-learn: micro and macro F1 over all
36 labels, a label without a case and without a prediction counts 0. `svm_fitted_*` is the same SVM with a threshold a
label fitted on folds of train, as our model has it. Speed is text in, labels out, one thread,
in batches of 32 (what a server would see) and all at once (the peers' best).
Speed is measured over the validation texts. --limit N learns from the first N messages only, to try the program itself.
"""

import argparse
import csv
import gzip
import json
import os
import sys
import tempfile
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.model_selection import KFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC

SEED = 7
C_GRID = (0.03, 0.1, 0.3, 1.0, 3.0)
WEIGHT_GRID = (None, "balanced")
BATCH = 32
SPEED_SECONDS_MIN = 3.0


def load(folder, name):
    with gzip.open(os.path.join(folder, name), "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    labels = list(rows[0].keys())[4:]
    texts = [row["message"] for row in rows]
    truth = np.array([[int(int(row[label] or 0) > 0) for label in labels] for row in rows], dtype=np.int8)
    return texts, truth, labels


def f1(truth, guess):
    return (
        float(f1_score(truth, guess, average="micro", zero_division=0)),
        float(f1_score(truth, guess, average="macro", zero_division=0)),
    )


def vectorizer():
    return TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, strip_accents="unicode", dtype=np.float32)


def svm(c, weight):
    return OneVsRestClassifier(LinearSVC(C=c, class_weight=weight, random_state=SEED))


def predict_svm(model, matrix):
    return np.asarray(model.predict(matrix))


def choose_svm(texts, truth):
    """The setting with the best mean of micro and macro F1 over three folds of train."""
    tried = {}
    for part, (fit, held) in enumerate(KFold(3, shuffle=True, random_state=SEED).split(texts)):
        words = vectorizer()
        x_fit = words.fit_transform([texts[i] for i in fit])
        x_held = words.transform([texts[i] for i in held])
        for c in C_GRID:
            for weight in WEIGHT_GRID:
                model = svm(c, weight)
                model.fit(x_fit, truth[fit])
                micro, macro = f1(truth[held], predict_svm(model, x_held))
                tried.setdefault((c, weight), []).append((micro + macro) / 2)
                print(f"fold {part} C={c} weight={weight} micro={micro:.4f} macro={macro:.4f}", file=sys.stderr)
    return max(tried, key=lambda setting: sum(tried[setting]))


def margins(model, matrix):
    """Distances from the planes, a column a label; a label that never or always holds has no plane."""
    columns = []
    for one in model.estimators_:
        if hasattr(one, "decision_function"):
            columns.append(one.decision_function(matrix))
        else:
            columns.append(np.full(matrix.shape[0], 1.0 if one.predict(matrix[:1])[0] else -1.0))
    return np.stack(columns, axis=1)


def best_threshold(scores, holds):
    """The margin with the best F1, halfway between two scores; never reached for a label without a case."""
    if not holds.any():
        return np.inf
    order = np.argsort(-scores)
    scores, holds = scores[order], holds[order]
    f1_at = 2 * np.cumsum(holds) / (np.arange(1, len(scores) + 1) + holds.sum())
    at = int(f1_at.argmax())
    below = scores[at + 1] if at + 1 < len(scores) else scores[at] - 1
    return (scores[at] + below) / 2


def fit_thresholds(texts, truth, c, weight):
    """A threshold a label, fitted on the margins of folds of train that the plane was not fitted on, as our model does it."""
    scores = np.zeros(truth.shape)
    for fit, held in KFold(4, shuffle=True, random_state=SEED).split(texts):
        words = vectorizer()
        model = svm(c, weight)
        model.fit(words.fit_transform([texts[i] for i in fit]), truth[fit])
        scores[held] = margins(model, words.transform([texts[i] for i in held]))
    return np.array([best_threshold(scores[:, label], truth[:, label]) for label in range(truth.shape[1])])


def per_second(function, texts, size):
    """Messages a second over whole passes, at least SPEED_SECONDS_MIN of them."""
    done, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < SPEED_SECONDS_MIN:
        for at in range(0, len(texts), size):
            function(texts[at : at + size])
        done += len(texts)
    return done / (time.perf_counter() - begin)


def one_line(text):
    return " ".join(text.lower().split())


def fasttext_peer(texts, truth, labels, held_texts, held_truth):
    import fasttext

    fasttext.FastText.eprint = lambda *_: None
    index = {f"__label__{label}": i for i, label in enumerate(labels)}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "train.txt")
        with open(path, "w", encoding="utf-8") as file:
            for text, row in zip(texts, truth):
                marks = " ".join(f"__label__{labels[i]}" for i in np.flatnonzero(row))
                file.write(f"{marks} {one_line(text)}\n")
        model = fasttext.train_supervised(
            path, loss="ova", lr=0.5, epoch=25, dim=100, wordNgrams=2, minn=3, maxn=5, bucket=200000, thread=1, seed=SEED, verbose=0
        )

    def predict(batch):
        names, scores = model.predict([one_line(text) for text in batch], k=-1, threshold=0.5)
        guess = np.zeros((len(batch), len(labels)), dtype=np.int8)
        for row, marks in enumerate(names):
            for mark in marks:
                guess[row, index[mark]] = 1
        return guess

    micro, macro = f1(held_truth, predict(held_texts))
    return {
        "fasttext_micro_f1": micro,
        "fasttext_macro_f1": macro,
        "fasttext_per_s_core": per_second(predict, held_texts, BATCH),
    }


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--data", required=True)
    arguments.add_argument("--limit", type=int)
    options = arguments.parse_args()
    texts, truth, labels = load(options.data, "train.csv.gz")
    held_texts, held_truth, _ = load(options.data, "validation.csv.gz")
    if options.limit:
        texts, truth = texts[: options.limit], truth[: options.limit]

    c, weight = choose_svm(texts, truth)
    words = vectorizer()
    begin = time.perf_counter()
    matrix = words.fit_transform(texts)
    model = svm(c, weight)
    model.fit(matrix, truth)
    seconds = time.perf_counter() - begin
    held_matrix = words.transform(held_texts)
    micro, macro = f1(held_truth, predict_svm(model, held_matrix))
    thresholds = fit_thresholds(texts, truth, c, weight)
    fitted_micro, fitted_macro = f1(held_truth, margins(model, held_matrix) >= thresholds)

    def whole(batch):
        return predict_svm(model, words.transform(batch))

    answer = {
        "svm_micro_f1": micro,
        "svm_macro_f1": macro,
        "svm_fitted_micro_f1": fitted_micro,
        "svm_fitted_macro_f1": fitted_macro,
        "svm_c": c,
        "svm_class_weight": weight or "none",
        "svm_train_s": seconds,
        "sklearn_per_s_core": per_second(whole, held_texts, BATCH),
        "sklearn_all_at_once_per_s_core": per_second(whole, held_texts, len(held_texts)),
        "sklearn_version": sklearn.__version__,
    }
    answer.update(fasttext_peer(texts, truth, labels, held_texts, held_truth))
    json.dump(answer, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
