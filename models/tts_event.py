"""TTS events: each is one use of a text-to-speech voice in a call."""

from uuid import UUID

import sqlalchemy as sa

from models.columns import Row, foreign_key


class TtsEvent(Row, table=True):
    """`voice` is the voice's identifier, such as Basic.Kal."""

    __tablename__ = "tts_event"
    __table_args__ = (
        sa.CheckConstraint("characters >= 0", "characters"),
        # Statistics read the measures from the index alone.
        sa.Index(
            "ix_tts_event_statistics",
            "carrier_id",
            "id",
            postgresql_include=["account_id", "characters", "voice"],
        ),
        sa.Index(None, "account_id", "id"),
        sa.Index(None, "phone_call_id", "id"),
    )

    carrier_id: UUID = foreign_key("carrier.id")
    account_id: UUID = foreign_key("account.id")
    phone_call_id: UUID = foreign_key("phone_call.id")
    voice: str
    characters: int
