using Fathom.Fuzzing;

HostCompiler.Use();
return Commands.Run(args);
