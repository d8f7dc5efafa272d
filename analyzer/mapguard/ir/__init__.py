"""Bodies of functions to control-flow graphs of three-address events: what every later layer reads in place of syntax."""
