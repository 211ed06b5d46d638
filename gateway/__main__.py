"""The program `gateway`, which is also `python -m gateway`."""

from gateway.process import running


def main() -> None:
    """Answer a health check at once; hand everything else to the commands."""
    if running.main():
        return
    from gateway.cli import main as commands

    commands()


if __name__ == "__main__":
    main()
