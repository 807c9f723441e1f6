"""Start the pages."""

from sensecf_core.ui.server.run import main

if __name__ == "__main__":
    main()
