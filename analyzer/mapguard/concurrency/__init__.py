"""From a program to races: locksets, roots, ownership, ordering."""
