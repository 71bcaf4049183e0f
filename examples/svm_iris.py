"""Train a support vector machine on the iris data and score it, as three tasks.

Run it with 'make demo', or with 'python examples/svm_iris.py' where scikit-learn is installed.
"""

from numpy.random import permutation
from sklearn import datasets, svm

import covalent as ct

deps_pip = ct.DepsPip(packages=["numpy", "scikit-learn"])


@ct.electron(deps_pip=deps_pip)
def train_svm(data, C, gamma):
    X, y = data
    clf = svm.SVC(C=C, gamma=gamma)
    clf.fit(X[90:], y[90:])
    return clf


@ct.electron
def load_data():
    iris = datasets.load_iris()
    perm = permutation(iris.target.size)
    iris.data = iris.data[perm]
    iris.target = iris.target[perm]
    return iris.data, iris.target


@ct.electron
def score_svm(data, clf):
    X_test, y_test = data
    return clf.score(X_test[:90], y_test[:90])


@ct.lattice
def run_experiment(C=1.0, gamma=0.7):
    data = load_data()
    clf = train_svm(data=data, C=C, gamma=gamma)
    score = score_svm(data=data, clf=clf)
    return score


# Dispatch the workflow
dispatch_id = ct.dispatch(run_experiment)(C=1.0, gamma=0.7)

# Wait for our result and get result value
result = ct.get_result(dispatch_id=dispatch_id, wait=True).result

print(result)
