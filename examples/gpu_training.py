"""Train a small classifier where there is a GPU, several times side by side, and keep the best.

    python examples/gpu_training.py              on this machine, with whatever it has
    python examples/gpu_training.py awsbatch     on AWS Batch, which is asked for a GPU for each task

What the task finds decides: PyTorch on a GPU, PyTorch without one, or NumPy if there is no PyTorch. So it runs everywhere, and a run
on a laptop shows the mistakes before a GPU is paid for.
"""

import sys

import covalent as ct

# An image with PyTorch, the GPU's libraries and the Python of the workflow saves minutes for each machine; name it in
# 'container_image_uri', or 'base_image_uri' on Azure. Azure has no key for GPUs: its pool has VMs of a size with GPUs.
EXECUTORS = {
    "local": lambda: ct.executor.LocalExecutor(),
    "awsbatch": lambda: ct.executor.AWSBatchExecutor(num_gpus=1, vcpu=4, memory=12, time_limit=3600),
    "azurebatch": lambda: ct.executor.AzureBatchExecutor(time_limit=3600),
    "gcpbatch": lambda: ct.executor.GCPBatchExecutor(
        machine_type="g2-standard-4", vcpus=4, memory=12000, time_limit=3600
    ),
}


def train_with_torch(X, y, rate, epochs):
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    inputs, wanted = torch.tensor(X, device=device).float(), torch.tensor(y, device=device).float()
    model = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1)).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    for _ in range(epochs):
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(model(inputs).squeeze(), wanted)
        loss.backward()
        optimizer.step()
    right = ((model(inputs).squeeze() > 0) == (wanted > 0.5)).float().mean()
    return f"torch on {device}", float(right)


def train_with_numpy(X, y, rate, epochs):
    import numpy as np

    rng = np.random.default_rng(7)
    X = np.column_stack([X, np.ones(len(X))])
    into, out = rng.normal(size=(3, 16)), rng.normal(size=16)
    for _ in range(epochs):
        hidden = np.tanh(X @ into)
        off = 1 / (1 + np.exp(-hidden @ out)) - y
        back = np.outer(off, out) * (1 - hidden**2)
        out -= rate * hidden.T @ off / len(y)
        into -= rate * X.T @ back / len(y)
    right = ((np.tanh(X @ into) @ out > 0) == (y > 0.5)).mean()
    return "numpy on cpu", float(right)


def make_data(points):
    """Two classes that no straight line parts: points whose coordinates have the same sign, and others."""
    import numpy as np

    X = np.random.default_rng(1).uniform(-1, 1, size=(points, 2))
    return X, (X[:, 0] * X[:, 1] > 0).astype(float)


def train(rate, epochs):
    try:
        import torch  # noqa: F401
    except ImportError:
        fit = train_with_numpy
    else:
        fit = train_with_torch
    X, y = make_data(600)
    backend, accuracy = fit(X, y, rate, epochs)
    print(f"rate {rate}: {accuracy:.3f} right ({backend})")
    return {"rate": rate, "accuracy": round(accuracy, 3), "backend": backend}


@ct.electron
def best(results):
    return max(results, key=lambda result: result["accuracy"])


def search_on(executor):
    fit = ct.electron(train, executor=executor, deps_pip=["numpy"])

    @ct.lattice
    def search(rates, epochs=2000):
        return best([fit(rate, epochs) for rate in rates])

    return search


if __name__ == "__main__":
    executor = EXECUTORS[sys.argv[1] if len(sys.argv) > 1 else "local"]()
    print(ct.dispatch_sync(search_on(executor))(rates=[0.03, 0.3, 3.0]).result)
