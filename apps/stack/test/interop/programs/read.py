"""Reads a message as a user agent would, and tells what it says: a judge that is not ours."""

import email
import email.policy
import json
import sys

message = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)
parts = {part.get_content_type(): part.get_content().rstrip("\n") for part in message.walk() if not part.is_multipart()}
print(json.dumps({"subject": message["Subject"], "text": parts.get("text/plain"), "html": parts.get("text/html")}))
