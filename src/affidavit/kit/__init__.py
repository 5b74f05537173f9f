"""Small parts that every room uses: time, identifiers, errors. Imports nothing above."""
