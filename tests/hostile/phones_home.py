"""Sends what it can find to servers by every protocol of the standard library."""
# acceptable: value, exception, timeout

import ftplib
import http.client
import smtplib
import socket
import urllib.request


def ask_by_udp(host):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.2)
        client.connect((host, 53))
        client.send(b"x")
        if host in ("127.0.0.1", "::1"):  # a guest may have a loopback of its own: only an answer counts there
            client.recv(10)


def attack():
    reached = []
    for host in ("127.0.0.1", "169.254.169.254", "10.0.0.1", "example.com", "::1"):
        for act in (
            lambda: urllib.request.urlopen(f"http://{host}/", timeout=0.2),
            lambda: http.client.HTTPSConnection(host, timeout=0.2).request("POST", "/", "x"),
            lambda: smtplib.SMTP(host, timeout=0.2),
            lambda: ftplib.FTP(host, timeout=0.2),
            lambda: ask_by_udp(host),
        ):
            try:
                act()
                reached.append(host)
            except Exception:
                pass
    return reached
