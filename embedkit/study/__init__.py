"""What a catalogue and a set of scenarios are like: arrays and texts in, numbers and rows out."""
