"""Work that outlives a page: one worker for the language model, and two that run killable subprocesses.

Methods without a language model have a worker of their own, apart from the one for long commands, so that
nobody who compares methods waits for somebody else's training.

Every job is a row in ``sensecf.db``, so a closed tab or a restarted server finds it again by its id.
"""
