"""What a function may reach outside its sandbox, who allowed it, and who sees to it."""
