"""Reports as pages: one HTML file that needs nothing else, with pictures, on a screen and on paper."""
