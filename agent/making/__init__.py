"""Makes functions: settles what is wanted, has candidates written and mended, decides, asks people, lets in."""
