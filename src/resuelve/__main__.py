"""`python -m resuelve` is the command `resuelve`."""

from resuelve.cli import main

if __name__ == "__main__":
    main()
