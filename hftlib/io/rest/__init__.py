"""REST: what venues are asked within their allowances, off the loop, and what is done with it."""
