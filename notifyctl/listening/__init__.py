"""`notifyctl listen`: publications from wherever they come, printed or worked on, and acked when that is done."""
