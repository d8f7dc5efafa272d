"""``python -m mapguard`` is the ``mapguard`` command."""

from mapguard.cli.main import main

if __name__ == "__main__":
    main()
