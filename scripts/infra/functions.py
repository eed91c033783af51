"""The functions, and what each is called in the template. Run by itself it prints their names, a line each."""

FUNCTIONS = {
    "rotate-postgres-single-user": "SingleUser",
    "rotate-postgres-alternating-users": "AlternatingUsers",
    "rotate-api-key": "ApiKey",
}

if __name__ == "__main__":
    print("\n".join(FUNCTIONS))
