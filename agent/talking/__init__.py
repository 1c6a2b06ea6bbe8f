"""What Kowal says and hears in a chat, whichever one it is."""
