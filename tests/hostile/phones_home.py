"""Sends what it can find to servers by every protocol of the standard library."""
# acceptable: value, exception, timeout

import ftplib
import http.client
import smtplib
import socket
import urllib.request


def attack():
    reached = []
    for host in ("127.0.0.1", "169.254.169.254", "10.0.0.1", "example.com", "::1"):
        for act in (
            lambda: urllib.request.urlopen(f"http://{host}/", timeout=0.2),
            lambda: http.client.HTTPSConnection(host, timeout=0.2).request("POST", "/", "x"),
            lambda: smtplib.SMTP(host, timeout=0.2),
            lambda: ftplib.FTP(host, timeout=0.2),
            lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (host, 53)),
        ):
            try:
                act()
                reached.append(host)
            except Exception:
                pass
    return reached
