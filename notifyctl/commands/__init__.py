"""The commands, a module for each word behind `notifyctl`: its options, its help, and what it does."""
