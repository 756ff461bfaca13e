"""Has types, but no bounds. Rejected by: refused."""


class Settings:
    port: int = Field(8000, description="The port to listen on")
    workers: int = Field(1, description="How many processes serve")
