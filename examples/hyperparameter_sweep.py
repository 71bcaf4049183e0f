"""Try many settings of a model side by side and keep the best: fan-out with a list comprehension, then one task that gathers."""

import itertools

from sklearn import datasets, model_selection, svm

import covalent as ct


@ct.electron
def load_digits():
    digits = datasets.load_digits()
    return model_selection.train_test_split(digits.data, digits.target, test_size=0.5, random_state=7)


@ct.electron
def score(data, C, gamma):
    X_train, X_test, y_train, y_test = data
    model = svm.SVC(C=C, gamma=gamma).fit(X_train, y_train)
    return {"C": C, "gamma": gamma, "score": model.score(X_test, y_test)}


@ct.electron
def best(results):
    return max(results, key=lambda result: result["score"])


@ct.lattice
def sweep(costs, gammas):
    data = load_digits()
    return best([score(data, C, gamma) for C, gamma in itertools.product(costs, gammas)])


if __name__ == "__main__":
    result = ct.dispatch_sync(sweep)(costs=[0.1, 1.0, 10.0], gammas=[1e-4, 1e-3, 1e-2])
    print(result.result)
