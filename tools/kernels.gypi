# One ISA's copy of the kernels; the including target sets the variable isa.
{
  'type': 'static_library',
  'sources': ['<!@(node tools/sources.mjs kernels <(isa))'],
  'defines': ['FLAMBEAU_ISA=<(isa)'],
  'cflags_cc': ['<!@(node tools/sources.mjs kernelFlags)', '<!@(node tools/sources.mjs isaFlags <(isa))'],
  'xcode_settings': {
    'OTHER_CPLUSPLUSFLAGS': ['<!@(node tools/sources.mjs kernelFlags)', '<!@(node tools/sources.mjs isaFlags <(isa))'],
    'MACOSX_DEPLOYMENT_TARGET': '11.0',
  },
  'msvs_settings': {
    'VCCLCompilerTool': {
      'AdditionalOptions': ['/std:c++17', '/fp:precise', '<!@(node tools/sources.mjs msvcFlags <(isa))'],
      'ExceptionHandling': 0,
      'RuntimeTypeInfo': 'false',
    },
  },
}
