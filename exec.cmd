@rem npm runs scripts with cmd.exe here, which has no exec; it looks for commands in this folder first.
@%*
