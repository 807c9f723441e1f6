"""Work that outlives a page: a lane for the language model, and two for killable subprocesses.

Other methods have a lane of their own beside that of long commands: nobody who compares them waits for
somebody's training.

Every job is a row in ``sensecf.db``, so a closed tab or a restarted server finds it again by its id.
"""
