"""What tutorials show for Python's smtplib: a multipart/alternative message with sendmail()."""

import os
import smtplib
import ssl
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

env = os.environ
sender, recipient = env["SENDER"], env["RECIPIENT"]

message = MIMEMultipart("alternative")
message["Subject"] = Path("subject.txt").read_text("utf-8")
message["From"] = sender
message["To"] = recipient
message.attach(MIMEText(Path("letter.txt").read_text("utf-8"), "plain"))
message.attach(MIMEText(Path("letter.html").read_text("utf-8"), "html"))

context = ssl.create_default_context(cafile=env["CA_FILE"])
host, port, way = env["HOST"], int(env["PORT"]), env["WAY"]
with smtplib.SMTP_SSL(host, port, context=context) if way == "tls" else smtplib.SMTP(host, port) as server:
    if way == "starttls":
        server.starttls(context=context)
    if "ACCOUNT" in env:
        server.login(env["ACCOUNT"], env["PASSWORD"])
    server.sendmail(sender, recipient, message.as_string())
