"""From numbers of runs and data sets to intervals, tests, verdicts and profiles. It knows no study."""
