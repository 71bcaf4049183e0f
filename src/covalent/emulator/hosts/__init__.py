"""Where jobs run: as processes of this machine, or in containers.

A host starts a :class:`~.base.Container`. What it gives back, :class:`~.running.Running`, is followed to its end by one thread.
"""
