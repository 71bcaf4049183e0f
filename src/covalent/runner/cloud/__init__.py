"""The runner inside a container of a batch service: from a manifest in a bucket to an outcome there.

Standard library only. The files travel as one archive that also holds cloudpickle, under the name ``covalent_runner``.
"""
