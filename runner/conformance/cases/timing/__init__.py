"""What depends on when: closing, what overtakes a slow response, what one connection costs others, races, pressure."""
