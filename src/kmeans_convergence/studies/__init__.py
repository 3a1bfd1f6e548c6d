"""One folder for each section of the report: what is run, what the results say, and what the report shows of them."""
