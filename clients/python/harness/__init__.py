"""What every suite shares: a broker to talk to, records to send, and a way to wait."""
