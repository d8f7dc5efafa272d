"""What a function does, whoever calls it: the locks that it certainly holds at each event, takes, and gives up."""
