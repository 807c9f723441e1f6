"""Work that outlives a page: one lane for the language model, one for killable subprocesses.

Every job is a row in ``sensecf.db``, so a closed tab or a restarted server finds it again by its id.
"""
