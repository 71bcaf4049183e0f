"""Who may do what: principals with their roles, the tokens that they get, and where they get them.

=====================  ===========================================================
:mod:`.principals`     applications and managed identities
:mod:`.tokens`         what they show to a service
:mod:`.sign_in`        the address at which applications sign in
:mod:`.metadata`       a machine's metadata service, for its managed identities
:mod:`.batch_access`   who is let in by Batch
=====================  ===========================================================
"""
