"""Cloud Storage.

===================  ================================================
:mod:`.buckets`      buckets and objects, generations, preconditions
:mod:`.uploads`      uploads in parts, and resumable ones
:mod:`.conditions`   what a request demands of an object
:mod:`.ranges`       parts of an object
:mod:`.xml_api`      the XML API, which obstore and runners speak
:mod:`.json_api`     the JSON API, which Google's libraries speak
===================  ================================================
"""
