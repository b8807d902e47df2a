"""The live screen of `stats --watch`: what is shown, how it is drawn, and the terminal, each apart from the others."""
