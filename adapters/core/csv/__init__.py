"""Files of records: cells, rows and their translation both ways."""
