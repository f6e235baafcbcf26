#!/usr/bin/env python
"""Every command of Asterism in a checkout: `python manage.py help`."""

from deploy.console import main

if __name__ == "__main__":
    main()
