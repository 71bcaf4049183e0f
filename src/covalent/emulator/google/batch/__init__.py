"""Google Batch.

==================  =====================================================================
:mod:`.api`         the operations
:mod:`.validation`  what CreateJob takes
:mod:`.jobs`        a job and its tasks
:mod:`.events`      states, and how the service words that they change
:mod:`.scheduler`   what runs when; the only one who changes jobs
:mod:`.attempts`    one attempt of a task, from its image to its logs
:mod:`.options`     what a container's options ask of docker
:mod:`.operations`  operations that take long
==================  =====================================================================
"""
