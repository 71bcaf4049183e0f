"""Try a thousand settings of a model side by side and keep the best: fan-out with a list comprehension, then one task that gathers.

On a batch service, the thousand tasks would be one array job: name its executor at '@ct.electron', with the packages in deps_pip.
"""

from sklearn import datasets, model_selection, preprocessing, svm

import covalent as ct

COSTS = [10 ** (step / 10) for step in range(-10, 30)]
GAMMAS = [10 ** (step / 6) for step in range(-30, -5)]


@ct.electron
def load_wines():
    wines = datasets.load_wine()
    return preprocessing.scale(wines.data), wines.target


@ct.electron
def score(data, C, gamma):
    X, y = data
    return model_selection.cross_val_score(svm.SVC(C=C, gamma=gamma), X, y, cv=3).mean()


@ct.electron
def summary(settings, scores):
    best = max(scores)
    near = [setting for setting, score in zip(settings, scores, strict=True) if score >= best - 0.01]
    return {
        "tried": len(scores),
        "best": dict(zip(("C", "gamma"), settings[scores.index(best)], strict=True)),
        "score": round(float(best), 3),
        "as good within 0.01": len(near),
    }


@ct.lattice
def sweep(costs, gammas):
    data = load_wines()
    settings = [(C, gamma) for C in costs for gamma in gammas]
    return summary(settings, [score(data, C, gamma) for C, gamma in settings])


if __name__ == "__main__":
    print(ct.dispatch_sync(sweep)(COSTS, GAMMAS).result)
