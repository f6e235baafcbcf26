"""The log of requests."""

import logging


class OneLinePerRefusal(logging.Filter):
    """Leave the traceback out of the record of a request that was refused (4xx)."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record; Django notes the status of the answer on those of requests."""
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = None
        return True
