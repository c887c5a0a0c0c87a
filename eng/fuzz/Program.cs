return Fathom.Fuzzing.Commands.Run(args);
