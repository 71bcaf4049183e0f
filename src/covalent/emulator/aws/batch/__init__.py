"""AWS Batch: job definitions, jobs, array jobs, attempts. Compute environments, queues and policies are moto's.

====================  ==========================================================
:mod:`.api`           the operations, by name
:mod:`.definitions`   job definitions and their revisions
:mod:`.submission`    what SubmitJob takes, checked
:mod:`.resources`     how much of what a job asks for, and what can run it
:mod:`.queue_limits`  how long jobs may wait, and pages of queues, for which moto has no place
:mod:`.jobs`          a job, its attempts and its children
:mod:`.retry`         whether a failed attempt is followed by another
:mod:`.scheduler`     what runs when
:mod:`.attempts`      one attempt, from its image to its logs
:mod:`.views`         jobs as the API shows them
:mod:`.listing`       ListJobs and pages
====================  ==========================================================

Where the documentation is silent, messages are those that users have reported.
"""
