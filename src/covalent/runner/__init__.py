"""The program inside a worker process or a container: takes a task, runs it, writes its outcome down.

Standard library and cloudpickle only, no other part of Covalent, relative imports only: the directory also runs from a zip file in
any image that has Python.
"""
